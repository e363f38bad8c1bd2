-- The hub's books. `event` is what the boxes sent, byte for byte; everything else follows from it or from a provider.

CREATE TABLE IF NOT EXISTS event(
  dev TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL CHECK(seq >= 1),
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  v INTEGER NOT NULL,
  subject TEXT NOT NULL,
  time TEXT NOT NULL,
  mono_ns INTEGER NOT NULL,
  body TEXT NOT NULL,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL,
  arrived_ns INTEGER NOT NULL,  -- the hub's own wall clock
  PRIMARY KEY(dev, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS watermark(  -- one row per ledger that a box ever had
  dev TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  upto INTEGER NOT NULL,  -- every event up to here is stored, without a hole
  hash TEXT NOT NULL,
  cursor INTEGER NOT NULL DEFAULT 0,  -- the box has every command up to here
  PRIMARY KEY(dev, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS device(
  dev TEXT PRIMARY KEY,
  session INTEGER NOT NULL DEFAULT 0,
  is_on INTEGER NOT NULL DEFAULT 0 CHECK(is_on IN (0, 1)),
  epoch INTEGER NOT NULL DEFAULT 0  -- of its newest hello
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS cart(
  dev TEXT NOT NULL,
  visit TEXT NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY(dev, visit, sku)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS receipt(  -- what a shopper is shown: one per closed visit
  dev TEXT NOT NULL,
  visit TEXT NOT NULL,
  shopper TEXT,
  outcome TEXT NOT NULL,
  lines TEXT NOT NULL,
  total_minor INTEGER,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  charge TEXT,
  PRIMARY KEY(dev, visit)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS charge(
  id TEXT PRIMARY KEY,  -- made by the box before anything was sent; the key on every try
  dev TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  visit TEXT NOT NULL,
  shopper TEXT,
  amount_minor INTEGER NOT NULL CHECK(amount_minor >= 0),
  currency TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('requested', 'sent', 'unresolved', 'confirmed', 'declined')),
  reason TEXT NOT NULL DEFAULT '',
  provider_ref TEXT NOT NULL DEFAULT '',
  first_sent_ns INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS charge_open ON charge(state) WHERE state IN ('requested', 'sent', 'unresolved');
CREATE TRIGGER IF NOT EXISTS charge_fixed BEFORE UPDATE ON charge
WHEN NEW.id <> OLD.id OR NEW.dev <> OLD.dev OR NEW.epoch <> OLD.epoch OR NEW.visit <> OLD.visit OR NEW.amount_minor <> OLD.amount_minor
  OR NEW.currency <> OLD.currency
BEGIN SELECT RAISE(ABORT, 'key, visit and amount of a charge never change'); END;
CREATE TRIGGER IF NOT EXISTS charge_final BEFORE UPDATE ON charge WHEN OLD.state IN ('confirmed', 'declined')
BEGIN SELECT RAISE(ABORT, 'a final state of a charge is final'); END;
CREATE TRIGGER IF NOT EXISTS charge_kept BEFORE DELETE ON charge
BEGIN SELECT RAISE(ABORT, 'charges are never deleted'); END;

CREATE TABLE IF NOT EXISTS command(
  dev TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  cseq INTEGER NOT NULL CHECK(cseq >= 1),
  id TEXT NOT NULL,
  op TEXT NOT NULL,
  args TEXT NOT NULL,
  PRIMARY KEY(dev, epoch, cseq),
  UNIQUE(dev, epoch, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS alarm(  -- needs a person; told once however often it is seen
  dev TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  raised_ns INTEGER NOT NULL,
  PRIMARY KEY(dev, kind, detail)
) STRICT, WITHOUT ROWID;
