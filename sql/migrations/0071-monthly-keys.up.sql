-- Old code keeps working: yes.
-- The keys that tables by month need, while they are plain tables still.
-- Outside a transaction: what is written meanwhile must not wait for an index over all that there is.
create unique index concurrently if not exists analytics_monthly_key on analytics (id, fetched_at);
create unique index concurrently if not exists publication_attempts_monthly_key on publication_attempts (id, started_at);
