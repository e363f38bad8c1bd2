-- Money: immutable transfers between accounts, integer minor units, one currency per account; holds resolve once.

CREATE TABLE account(
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  cur TEXT NOT NULL CHECK(length(cur) = 3),
  no_debit_over_credit INTEGER NOT NULL DEFAULT 0 CHECK(no_debit_over_credit IN (0, 1))  -- 1 = a credit limit
) STRICT;
CREATE TRIGGER account_fixed BEFORE UPDATE OF id, code, cur ON account
BEGIN SELECT RAISE(ABORT, 'an account keeps its code and currency'); END;
CREATE TRIGGER account_kept BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END;

-- Pending and posted debits and credits of each account, kept by the triggers below.
CREATE TABLE balance(
  account INTEGER PRIMARY KEY REFERENCES account(id),
  dp INTEGER NOT NULL DEFAULT 0,
  cp INTEGER NOT NULL DEFAULT 0,
  d INTEGER NOT NULL DEFAULT 0,
  c INTEGER NOT NULL DEFAULT 0,
  CHECK(dp >= 0 AND cp >= 0 AND d >= 0 AND c >= 0)
) STRICT;
CREATE TRIGGER account_balance AFTER INSERT ON account
BEGIN INSERT INTO balance(account) VALUES(NEW.id); END;
CREATE TRIGGER balance_kept BEFORE DELETE ON balance
BEGIN SELECT RAISE(ABORT, 'balances are never deleted'); END;

CREATE TABLE transfer(
  id TEXT PRIMARY KEY,
  event_seq INTEGER NOT NULL REFERENCES event(seq),
  kind TEXT NOT NULL CHECK(kind IN ('posted', 'pending', 'post', 'void')),
  pending_id TEXT UNIQUE REFERENCES transfer(id),
  debit INTEGER NOT NULL REFERENCES account(id),
  credit INTEGER NOT NULL REFERENCES account(id) CHECK(debit <> credit),
  amount INTEGER NOT NULL CHECK(amount > 0 OR (kind = 'void' AND amount = 0)),
  cur TEXT NOT NULL,
  sale TEXT,
  code TEXT NOT NULL,
  CHECK((kind IN ('post', 'void')) = (pending_id IS NOT NULL))
) STRICT;
CREATE TRIGGER transfer_fits BEFORE INSERT ON transfer BEGIN
  SELECT RAISE(ABORT, 'a transfer id is used once') WHERE EXISTS(SELECT 1 FROM transfer WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'a transfer has the currency of both its accounts')
    WHERE (SELECT count(*) FROM account WHERE id IN (NEW.debit, NEW.credit) AND cur = NEW.cur) <> 2;
  SELECT RAISE(ABORT, 'a resolve must fit its hold') WHERE NEW.pending_id IS NOT NULL AND NOT EXISTS(
    SELECT 1 FROM transfer WHERE id = NEW.pending_id AND kind = 'pending' AND debit = NEW.debit
       AND credit = NEW.credit AND amount >= NEW.amount);
END;
CREATE TRIGGER transfer_fixed BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers never change'); END;
CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;

CREATE TRIGGER transfer_pending AFTER INSERT ON transfer WHEN NEW.kind = 'pending' BEGIN
  UPDATE balance SET dp = dp + NEW.amount WHERE account = NEW.debit;
  UPDATE balance SET cp = cp + NEW.amount WHERE account = NEW.credit;
END;
CREATE TRIGGER transfer_resolve AFTER INSERT ON transfer WHEN NEW.pending_id IS NOT NULL BEGIN
  UPDATE balance SET dp = dp - (SELECT amount FROM transfer WHERE id = NEW.pending_id) WHERE account = NEW.debit;
  UPDATE balance SET cp = cp - (SELECT amount FROM transfer WHERE id = NEW.pending_id) WHERE account = NEW.credit;
END;
CREATE TRIGGER transfer_posted AFTER INSERT ON transfer WHEN NEW.kind IN ('posted', 'post') BEGIN
  UPDATE balance SET d = d + NEW.amount WHERE account = NEW.debit;
  UPDATE balance SET c = c + NEW.amount WHERE account = NEW.credit;
END;
CREATE TRIGGER balance_limit AFTER UPDATE ON balance
WHEN NEW.d + NEW.dp > NEW.c AND NEW.d + NEW.dp > OLD.d + OLD.dp
 AND (SELECT no_debit_over_credit FROM account WHERE id = NEW.account) = 1
BEGIN SELECT RAISE(ABORT, 'the limit of this account is used up'); END;

CREATE TABLE sale(
  id TEXT PRIMARY KEY,
  event_seq INTEGER NOT NULL REFERENCES event(seq),
  visit TEXT NOT NULL UNIQUE,
  shopper TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK(amount >= 0),
  priced INTEGER NOT NULL CHECK(priced IN (0, 1)),  -- 0 = a charged line has no price: charged in kind
  cur TEXT NOT NULL,
  cart_rev INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('owed', 'settled', 'unpaid', 'review'))
) STRICT;
CREATE TRIGGER sale_once BEFORE INSERT ON sale
BEGIN SELECT RAISE(ABORT, 'one sale per visit') WHERE EXISTS(SELECT 1 FROM sale WHERE id = NEW.id OR visit = NEW.visit); END;
CREATE TRIGGER sale_fixed BEFORE UPDATE ON sale
WHEN NEW.id <> OLD.id OR NEW.event_seq <> OLD.event_seq OR NEW.visit <> OLD.visit OR NEW.shopper <> OLD.shopper
  OR NEW.amount <> OLD.amount OR NEW.priced <> OLD.priced OR NEW.cur <> OLD.cur OR NEW.cart_rev <> OLD.cart_rev
BEGIN SELECT RAISE(ABORT, 'only the state of a sale changes'); END;
CREATE TRIGGER sale_kept BEFORE DELETE ON sale
BEGIN SELECT RAISE(ABORT, 'sales are never deleted'); END;

CREATE TABLE sale_line(
  sale TEXT NOT NULL REFERENCES sale(id),
  n INTEGER NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  unit_minor INTEGER CHECK(unit_minor >= 0),
  confidence_ppm INTEGER NOT NULL,
  status TEXT NOT NULL CHECK(status IN ('charged', 'review')),
  price_version TEXT NOT NULL,
  PRIMARY KEY(sale, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sale_line_once BEFORE INSERT ON sale_line
BEGIN SELECT RAISE(ABORT, 'a line is written once') WHERE EXISTS(SELECT 1 FROM sale_line WHERE sale = NEW.sale AND n = NEW.n); END;
CREATE TRIGGER sale_line_fixed BEFORE UPDATE ON sale_line
BEGIN SELECT RAISE(ABORT, 'lines of a sale never change'); END;
CREATE TRIGGER sale_line_kept BEFORE DELETE ON sale_line
BEGIN SELECT RAISE(ABORT, 'lines of a sale are never deleted'); END;

CREATE TABLE charge(
  id TEXT PRIMARY KEY,
  event_seq INTEGER NOT NULL REFERENCES event(seq),
  sale TEXT NOT NULL REFERENCES sale(id),
  kind TEXT NOT NULL CHECK(kind IN ('hold', 'capture', 'void', 'charge', 'refund')),
  n INTEGER NOT NULL,
  provider TEXT NOT NULL,
  idem TEXT NOT NULL UNIQUE,
  request_sha BLOB NOT NULL CHECK(length(request_sha) = 32),
  amount INTEGER NOT NULL CHECK(amount >= 0),
  state TEXT NOT NULL CHECK(state IN ('ready', 'sent', 'unknown', 'ok', 'declined', 'error')),
  first_sent_ns INTEGER,
  provider_ref TEXT,
  reason TEXT,
  UNIQUE(sale, kind, n)
) STRICT;
CREATE INDEX charge_open ON charge(event_seq) WHERE state = 'ready';
CREATE TRIGGER charge_once BEFORE INSERT ON charge
BEGIN SELECT RAISE(ABORT, 'a charge is written once') WHERE EXISTS(
  SELECT 1 FROM charge WHERE id = NEW.id OR idem = NEW.idem OR (sale = NEW.sale AND kind = NEW.kind AND n = NEW.n)); END;
CREATE TRIGGER charge_fixed BEFORE UPDATE ON charge
WHEN NEW.id <> OLD.id OR NEW.event_seq <> OLD.event_seq OR NEW.sale <> OLD.sale OR NEW.kind <> OLD.kind OR NEW.n <> OLD.n
  OR NEW.provider <> OLD.provider OR NEW.idem <> OLD.idem OR NEW.request_sha <> OLD.request_sha OR NEW.amount <> OLD.amount
BEGIN SELECT RAISE(ABORT, 'key, amount and request of a charge never change'); END;
CREATE TRIGGER charge_final BEFORE UPDATE ON charge WHEN OLD.state IN ('ok', 'declined')
BEGIN SELECT RAISE(ABORT, 'a final state of a charge is final'); END;
CREATE TRIGGER charge_forward BEFORE UPDATE ON charge WHEN NEW.state = 'ready' AND OLD.state <> 'ready'
BEGIN SELECT RAISE(ABORT, 'a charge never becomes unsent'); END;
CREATE TRIGGER charge_kept BEFORE DELETE ON charge
BEGIN SELECT RAISE(ABORT, 'charges are never deleted'); END;
