drop trigger projects_let_go_of_accounts on projects;
drop function app.let_go_of_accounts();
drop index social_accounts_person_key;
