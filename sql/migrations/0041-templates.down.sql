drop function app.use_starter_template(uuid, text);
drop table starter_templates;
drop table template_platform_variations;
drop table content_template_versions;
drop table content_templates;
drop function app.require_current_version();
drop function app.guard_template_version();
