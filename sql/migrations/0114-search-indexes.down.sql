drop index posts_project_due_idx;
drop index posts_search_idx;
