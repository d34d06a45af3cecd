-- What the tests of RedshiftConfig read.
CREATE DATABASE ads;
CREATE ROLE stranger LOGIN PASSWORD 'hunter2-redshift';
\connect ads
CREATE TABLE events (
    user_id text, clicks bigint, price real, at timestamptz,
    small smallint, number integer, double double precision, exact numeric(10, 2), loose numeric,
    good boolean, local timestamp, day date, clock time, raw bytea, document jsonb, id uuid, fixed char(4),
    tags text[], span interval
);
INSERT INTO events VALUES
    ('u1', 3, 0.1, '2024-01-01 10:00:00.123456+02', -1, 2, 1e300, 12.50, 1.25, true, '2024-01-01 10:00:00',
     '2024-02-29', '10:00:00.5', '\x00ff', '{"a": 1}', '00000000-0000-0000-0000-000000000001', 'ab', '{x,y}', '1 day'),
    ('u2', 9223372036854775807, 'NaN', '2024-06-01 00:00:00+00', NULL, NULL, '-Infinity', NULL, NULL, false, NULL,
     NULL, NULL, '', NULL, NULL, NULL, NULL, NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE SCHEMA odd;
CREATE TABLE odd."Click ""Events""" ("Select" text, "order" bigint, at timestamptz);
INSERT INTO odd."Click ""Events""" VALUES ('a', 1, '2024-01-01 00:00:00+00');
CREATE TABLE endless (user_id text, at timestamptz);
INSERT INTO endless VALUES ('u1', '2024-01-01 00:00:00+00'), ('u2', 'infinity');
CREATE TABLE many AS
    SELECT 'u' || it AS user_id, it AS clicks, timestamptz '2024-01-01 00:00:00+00' + it * interval '1 second' AS at
    FROM generate_series(1, 100000) AS it;
CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql AS 'DELETE FROM events; SELECT 1::bigint';
