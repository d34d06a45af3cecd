SELECT
    transactions.card_id,
    transactions.amount,
    CASE WHEN chargebacks.reason = 'fraud' THEN 1 ELSE 0 END AS fraudulent,
    chargebacks.reported_at
FROM chargebacks
JOIN transactions ON transactions.transaction_id = chargebacks.transaction_id
