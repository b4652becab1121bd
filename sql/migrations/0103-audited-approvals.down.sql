drop trigger review_links_audit on review_links;
drop trigger approval_decisions_audit on approval_decisions;
drop trigger approval_requests_audit on approval_requests;
drop trigger approval_members_audit on approval_members;
drop trigger approval_workflows_audit on approval_workflows;
