SELECT
    card_id,
    count(*) AS payments,
    count(DISTINCT category) AS categories,
    avg(CASE WHEN category = 'travel' THEN 1.0 ELSE 0.0 END) AS travel_share,
    -- The last payment of the day, not midnight: a row must not be older than what it was computed from.
    max(timestamp) AS timestamp
FROM transactions
GROUP BY card_id
