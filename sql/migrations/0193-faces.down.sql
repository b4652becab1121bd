-- Back to names alone.

drop function app.faces(uuid[]);
