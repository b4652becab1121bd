drop function app.note_platform_app(text, text);
drop function app.switch_platform(text, boolean);
