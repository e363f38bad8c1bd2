-- The log: what happened, in one dense hash-chained order, and what is still to be sent or done about it.
-- Everything in 0002 and 0003 is a projection of `event` that can be made again and compared.

CREATE TABLE meta(
  k TEXT PRIMARY KEY,
  v TEXT NOT NULL
) STRICT, WITHOUT ROWID;  -- device, epoch, currency

CREATE TRIGGER meta_fixed BEFORE UPDATE ON meta WHEN OLD.k IN ('device', 'epoch', 'currency')
BEGIN SELECT RAISE(ABORT, 'device, epoch and currency of a ledger never change'); END;
CREATE TRIGGER meta_kept BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'meta rows are never deleted'); END;

CREATE TABLE event(
  seq INTEGER PRIMARY KEY CHECK(seq >= 1),
  id TEXT NOT NULL UNIQUE CHECK(instr(id, '|') = 0),  -- "|" separates the hashed fields
  boot TEXT NOT NULL,
  mono_ns INTEGER NOT NULL,
  wall_ns INTEGER NOT NULL,
  clock_ok INTEGER NOT NULL CHECK(clock_ok IN (0, 1)),
  type TEXT NOT NULL CHECK(instr(type, '|') = 0),
  v INTEGER NOT NULL CHECK(v >= 1),
  subject TEXT NOT NULL CHECK(instr(subject, '|') = 0),
  body TEXT NOT NULL CHECK(json_valid(body)),
  prev BLOB NOT NULL CHECK(length(prev) = 32),
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32)
) STRICT;

-- The one row that says how far the hub has confirmed our log by an application receipt.
CREATE TABLE receipt(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  upto INTEGER NOT NULL CHECK(upto >= 0),
  hash BLOB NOT NULL CHECK(length(hash) = 32)
) STRICT;
INSERT INTO receipt VALUES(1, 0, zeroblob(32));

-- Events at or below the gate may be pruned; nothing moves it yet.
CREATE TABLE prune_gate(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  upto INTEGER NOT NULL CHECK(upto >= 0)
) STRICT;
INSERT INTO prune_gate VALUES(1, 0);

CREATE TRIGGER event_dense BEFORE INSERT ON event BEGIN
  SELECT RAISE(ABORT, 'an event must follow the last one by exactly 1')
    WHERE NEW.seq <> 1 + max((SELECT coalesce(max(seq), 0) FROM event), (SELECT upto FROM prune_gate));
  SELECT RAISE(ABORT, 'an event must carry the hash of the one before it')
    WHERE NEW.seq > 1 AND NEW.prev IS NOT (SELECT hash FROM event WHERE seq = NEW.seq - 1)
      AND NEW.seq <> 1 + (SELECT upto FROM prune_gate);
  SELECT RAISE(ABORT, 'the first event follows 32 zero bytes') WHERE NEW.seq = 1 AND NEW.prev IS NOT zeroblob(32);
  SELECT RAISE(ABORT, 'an event id is used once') WHERE EXISTS(SELECT 1 FROM event WHERE id = NEW.id);
END;
CREATE TRIGGER event_fixed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events never change'); END;
CREATE TRIGGER event_kept BEFORE DELETE ON event WHEN OLD.seq > (SELECT upto FROM prune_gate)
BEGIN SELECT RAISE(ABORT, 'events above the prune gate are never deleted'); END;

CREATE TRIGGER receipt_forward BEFORE UPDATE ON receipt BEGIN
  SELECT RAISE(ABORT, 'a receipt never goes back') WHERE NEW.upto < OLD.upto OR NEW.id <> 1;
  SELECT RAISE(ABORT, 'a receipt must carry the hash of our own event')
    WHERE NEW.hash IS NOT (SELECT hash FROM event WHERE seq = NEW.upto);
END;
CREATE TRIGGER receipt_kept BEFORE DELETE ON receipt
BEGIN SELECT RAISE(ABORT, 'the receipt row stays'); END;

CREATE TRIGGER prune_gate_forward BEFORE UPDATE ON prune_gate BEGIN
  SELECT RAISE(ABORT, 'the prune gate never goes back') WHERE NEW.upto < OLD.upto OR NEW.id <> 1;
  SELECT RAISE(ABORT, 'only receipted events may be pruned') WHERE NEW.upto > (SELECT upto FROM receipt);
END;
CREATE TRIGGER prune_gate_kept BEFORE DELETE ON prune_gate
BEGIN SELECT RAISE(ABORT, 'the prune gate row stays'); END;

CREATE TABLE outbox(
  seq INTEGER PRIMARY KEY REFERENCES event(seq),
  lane INTEGER NOT NULL CHECK(lane IN (0, 1, 2))  -- 0 money, 1 carts and visits, 2 the rest
) STRICT;
CREATE TRIGGER outbox_fixed BEFORE UPDATE ON outbox
BEGIN SELECT RAISE(ABORT, 'outbox rows never change'); END;
CREATE TRIGGER outbox_kept BEFORE DELETE ON outbox WHEN OLD.seq > (SELECT upto FROM receipt)
BEGIN SELECT RAISE(ABORT, 'only a receipt of the hub ends an outbox row'); END;

CREATE TABLE inbox(
  id TEXT PRIMARY KEY,
  cseq INTEGER NOT NULL UNIQUE CHECK(cseq >= 1),
  type TEXT NOT NULL,
  body BLOB NOT NULL,
  received_ns INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('received', 'running', 'done', 'failed', 'rejected')),
  result TEXT
) STRICT;
CREATE INDEX inbox_open ON inbox(cseq) WHERE state IN ('received', 'running');
CREATE TRIGGER inbox_fixed BEFORE UPDATE ON inbox BEGIN
  SELECT RAISE(ABORT, 'what was received never changes')
    WHERE NEW.id <> OLD.id OR NEW.cseq <> OLD.cseq OR NEW.type <> OLD.type OR NEW.body <> OLD.body
       OR NEW.received_ns <> OLD.received_ns;
  SELECT RAISE(ABORT, 'a finished command stays finished') WHERE OLD.state IN ('done', 'failed', 'rejected');
  SELECT RAISE(ABORT, 'a command never goes back') WHERE OLD.state = 'running' AND NEW.state = 'received';
END;
CREATE TRIGGER inbox_kept BEFORE DELETE ON inbox
BEGIN SELECT RAISE(ABORT, 'received commands are never deleted'); END;

-- Where a restart continues: the core's state after the decision of `state_seq`, and the last sign of life.
CREATE TABLE snapshot(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  run_id TEXT NOT NULL,
  origin_wall_ns INTEGER NOT NULL,
  lived_ns INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  state_seq INTEGER NOT NULL DEFAULT 0,
  state BLOB
) STRICT;
