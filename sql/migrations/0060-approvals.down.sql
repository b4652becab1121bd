drop table approval_decisions;
drop table review_links;
drop table approval_requests;
drop table approval_members;
drop table approval_workflows;
