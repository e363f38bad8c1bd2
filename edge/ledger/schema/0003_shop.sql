-- The shop: visits, running carts, alarms and losses, as the page and the exports want them.

CREATE TABLE visit(
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK(state IN ('open', 'closed')),
  shopper TEXT,
  method TEXT NOT NULL,
  gate TEXT NOT NULL,
  opened_seq INTEGER REFERENCES event(seq),
  closed_seq INTEGER UNIQUE REFERENCES event(seq),
  entered_ns INTEGER NOT NULL,
  left_ns INTEGER,
  outcome TEXT CHECK(outcome IN ('charged', 'nothing', 'review', 'unpaid')),
  charge TEXT,
  CHECK((state = 'closed') = (closed_seq IS NOT NULL)),
  CHECK((state = 'closed') = (outcome IS NOT NULL)),
  CHECK(outcome IS NOT 'charged' OR charge IS NOT NULL)
) STRICT;
CREATE INDEX visit_open ON visit(id) WHERE state = 'open';
CREATE TRIGGER visit_once BEFORE INSERT ON visit
BEGIN SELECT RAISE(ABORT, 'a visit is opened once') WHERE EXISTS(SELECT 1 FROM visit WHERE id = NEW.id); END;
CREATE TRIGGER visit_closed BEFORE UPDATE ON visit WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed visit never changes'); END;
CREATE TRIGGER visit_kept BEFORE DELETE ON visit
BEGIN SELECT RAISE(ABORT, 'visits are never deleted'); END;

-- The running cart: one row per changed line, `quantity` signed; `status` as the core saw it then. Not money.
CREATE TABLE cart(
  event_seq INTEGER PRIMARY KEY REFERENCES event(seq),
  visit TEXT NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  confidence_ppm INTEGER NOT NULL,
  status TEXT NOT NULL CHECK(status IN ('charged', 'review'))
) STRICT;
CREATE INDEX cart_visit ON cart(visit);

CREATE TABLE alarm(
  raised_seq INTEGER PRIMARY KEY REFERENCES event(seq),
  kind TEXT NOT NULL,
  place TEXT NOT NULL,
  detail TEXT NOT NULL,
  times INTEGER NOT NULL DEFAULT 1 CHECK(times >= 1),
  raised_ns INTEGER NOT NULL,
  cleared_seq INTEGER REFERENCES event(seq)
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm(kind, place) WHERE cleared_seq IS NULL;

CREATE TABLE loss(
  id TEXT PRIMARY KEY,
  event_seq INTEGER NOT NULL REFERENCES event(seq),
  sku TEXT,
  quantity INTEGER NOT NULL,
  unit_minor INTEGER CHECK(unit_minor >= 0),
  reason TEXT NOT NULL
) STRICT;
CREATE TRIGGER loss_once BEFORE INSERT ON loss
BEGIN SELECT RAISE(ABORT, 'a loss is booked once') WHERE EXISTS(SELECT 1 FROM loss WHERE id = NEW.id); END;
CREATE TRIGGER loss_fixed BEFORE UPDATE ON loss
BEGIN SELECT RAISE(ABORT, 'losses never change'); END;
CREATE TRIGGER loss_kept BEFORE DELETE ON loss
BEGIN SELECT RAISE(ABORT, 'losses are never deleted'); END;
