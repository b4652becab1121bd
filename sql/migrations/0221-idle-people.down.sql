-- Old code keeps working: yes (no code but that of 0222 looks for them).
-- Takes away how people who can manage nothing are found.
drop index users_idle_idx;
