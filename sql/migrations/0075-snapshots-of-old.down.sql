-- Nothing to take back: what is known of a snapshot goes with the tables of 0073.
select 1;
