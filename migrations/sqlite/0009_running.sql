-- What ran when 0007_gateway.sql called all news of shifts told is still to end. Types and explanations as in
-- 0001_start.sql.

update shift set end_told = false where end_at > cast(strftime('%s', 'now') as integer) * 1000;
