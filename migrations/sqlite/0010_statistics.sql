-- What a filled database looks like, as SQLite notes it to choose indexes by: rows in all, and rows of one key of the first
-- column, of the first two, and so on. Left to guess, it takes the first column of a primary key for as good as two of an
-- index, and reads all of a tenant to find what is of one shift. The numbers are those of a year of a busy venue of four
-- cameras. They are never counted anew, so that plans stay as they were tried: see src/store/plan_tests.rs.

-- Makes the tables, and counts nothing. What earlier versions counted when they closed a file goes.
analyze sqlite_schema;
delete from sqlite_stat1;
delete from sqlite_stat4;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('visit', 'sqlite_autoindex_visit_1', '10000000 10000000 2500000 2500000 1 1'),
    ('visit', 'visit_by_shift', '10000000 10000000 10000 1 1'),
    ('visit', 'visit_open', '50 50 10'),
    ('line_crossing', 'line_crossing', '4000000 4000000 1000000 500000 250000 2 1'),
    ('line_crossing', 'line_crossing_by_shift', '4000000 4000000 4000'),
    ('zone_stay', 'zone_stay', '2500000 2500000 600000 300000 150000 1 1'),
    ('zone_stay', 'zone_stay_by_shift', '2500000 2500000 2500'),
    ('occupancy', 'occupancy', '1920000 1920000 480000 1 1'),
    ('occupancy', 'occupancy_by_shift', '1920000 1920000 1920 480 30 1'),
    ('heat', 'sqlite_autoindex_heat_1', '128000 128000 32000 1 1'),
    ('heat', 'heat_by_shift', '128000 128000 128 32'),
    ('tally', 'tally', '3000000 3000000 3000 300 100 3 1 1'),
    ('occupancy_peak', 'occupancy_peak', '4000 4000 4 1 1'),
    ('shift_dwell', 'shift_dwell', '11000 11000 11 3 1'),
    ('zone_dwell', 'zone_dwell', '2000 2000 2 1 1 1'),
    ('shift', 'sqlite_autoindex_shift_1', '1000 1000 500 1'),
    ('shift', 'shift_unsettled', '2 1'),
    ('shift', 'shift_start_untold', '2 1'),
    ('shift', 'shift_end_untold', '2 1');

-- Reads it.
analyze sqlite_schema;
