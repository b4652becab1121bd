-- Old code keeps working: yes.
-- User names may hold what nobody sees again; names that were cleaned stay clean.

alter table email_verification_tokens drop constraint email_verification_tokens_username_visible;
alter table users drop constraint users_username_visible;
