SELECT
    card_id,
    merchant_id,
    amount * CASE currency
        WHEN 'EUR' THEN 1.08
        WHEN 'GBP' THEN 1.26
        ELSE 1.0
    END AS amount_usd,
    timestamp
FROM payments
-- Card checks are authorized with an amount of zero and are no payment.
WHERE amount > 0
