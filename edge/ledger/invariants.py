"""What must be true of the tables, each as a query that finds what is not.

Must not: change anything, or need more than SQL (the chain and the rebuild are in verify).
"""

from __future__ import annotations

from typing import Final

# Each query gives (text,) rows for what is wrong and nothing where all is well.
QUESTIONS: Final = {
    "outbox": """
        SELECT 'event ' || event.seq || ' is neither receipted nor in the outbox' FROM event, receipt
         WHERE event.seq > receipt.upto AND event.seq NOT IN (SELECT seq FROM outbox)
        UNION ALL SELECT 'outbox row ' || outbox.seq || ' was receipted and is still there' FROM outbox, receipt
         WHERE outbox.seq <= receipt.upto""",
    "receipt": """
        SELECT 'the receipt up to ' || upto || ' does not carry the hash of that event' FROM receipt
         WHERE upto > (SELECT upto FROM prune_gate) AND hash IS NOT
           (SELECT hash FROM event WHERE seq = receipt.upto)""",
    "money": """
        SELECT 'debits ' || sum(d) || ' and credits ' || sum(c) || ' differ' FROM balance
        HAVING sum(d) <> sum(c) OR sum(dp) <> sum(cp)""",
    "balances": """
        SELECT 'account ' || account.code || ' says ' || d || '/' || c || ', its transfers ' || debits || '/' || credits
          FROM account LEFT JOIN balance ON balance.account = account.id JOIN (
          SELECT id,
            (SELECT coalesce(sum(amount), 0) FROM transfer WHERE debit = a.id AND kind IN ('posted', 'post')) debits,
            (SELECT coalesce(sum(amount), 0) FROM transfer WHERE credit = a.id AND kind IN ('posted', 'post')) credits
          FROM account a) found ON found.id = account.id
         WHERE d IS NOT debits OR c IS NOT credits""",
    "visits": """
        SELECT 'closed visit ' || visit.id || ' has no closing event' FROM visit LEFT JOIN event
            ON event.seq = visit.closed_seq AND event.type = 'visit.closed' AND event.subject = 'visit/' || visit.id
         WHERE visit.state = 'closed' AND event.seq IS NULL AND instr(visit.id, '%') = 0 AND instr(visit.id, '|') = 0
        UNION ALL SELECT subject || ' was closed ' || count(*) || ' times' FROM event WHERE type = 'visit.closed'
         GROUP BY subject HAVING count(*) > 1
        UNION ALL SELECT 'closing event ' || event.seq || ' has no visit' FROM event WHERE type = 'visit.closed'
           AND seq NOT IN (SELECT closed_seq FROM visit WHERE closed_seq IS NOT NULL)""",
    "sales": """
        SELECT 'sale ' || sale.id || ' is over ' || amount || ', its charged lines add up to ' || lines FROM (
          SELECT sale.id, sale.amount, coalesce((SELECT sum(quantity * unit_minor) FROM sale_line
            WHERE sale_line.sale = sale.id AND status = 'charged'), 0) lines FROM sale) sale WHERE amount <> lines""",
    "charges": """
        SELECT 'charged visit ' || id || ' has ' || n || ' charges' FROM (
          SELECT visit.id, (SELECT count(*) FROM charge WHERE charge.sale = visit.id AND kind = 'charge'
            AND charge.id = visit.charge) n FROM visit WHERE visit.charge IS NOT NULL) WHERE n <> 1
        UNION ALL SELECT 'charge ' || charge.id || ' belongs to no charged visit' FROM charge
         WHERE kind = 'charge' AND id NOT IN (SELECT charge FROM visit WHERE charge IS NOT NULL)
        UNION ALL SELECT 'charge ' || charge.id || ' and event ' || charge.event_seq || ' differ' FROM charge
          LEFT JOIN event ON event.seq = charge.event_seq WHERE event.type IS NOT 'charge.requested'
            OR json_extract(event.body, '$.charge') IS NOT charge.id
            OR json_extract(event.body, '$.amount_minor') IS NOT charge.amount
        UNION ALL SELECT 'charge request ' || seq || ' has no charge' FROM event
         WHERE type = 'charge.requested' AND seq NOT IN (SELECT event_seq FROM charge)""",
    "snapshot": "SELECT 'there are events but no run was begun' WHERE EXISTS(SELECT 1 FROM event) "
    "AND NOT EXISTS(SELECT 1 FROM snapshot)",
}
