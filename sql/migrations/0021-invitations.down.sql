drop function app.accept_invitation(text);
drop table project_invitations;
