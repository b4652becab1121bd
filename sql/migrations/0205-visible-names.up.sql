-- Old code keeps working: yes (but for names with characters that nobody sees: it would take them, and gets an error).
-- User names hold nothing that nobody sees, since two of them looked the same; and a dot on an i that has one is the same i.

do $$
declare
  person record;
  name text;
  look text;
begin
  for person in
    select u.id, u.username, u.username_skeleton, u.deleted_at from users u
    where u.username_skeleton ~ '[ij]\u0307' or u.username ~
      '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
      '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
    order by u.created_at, u.id
  loop
    name := nullif(regexp_replace(person.username,
      '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
      '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]', '', 'g'), '');
    look := nullif(regexp_replace(regexp_replace(person.username_skeleton,
      '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
      '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]', '', 'g'),
      '([ij])\u0307', '\1', 'g'), '');
    if person.deleted_at is null and exists (
      select from users u where u.id <> person.id and u.deleted_at is null and (lower(u.username) = lower(name) or u.username_skeleton = look)
    ) then
      -- Somebody has the name that it looked like: who came by this one chooses another. One that only shares the look stays.
      continue when name = person.username;
      name := null;
    end if;
    update users u set username = name, username_skeleton = case when name is not null then look end where u.id = person.id;
  end loop;
end
$$;

-- Wishes of who has not proven an address yet.
update email_verification_tokens t set username = null, username_skeleton = null
where t.username ~
  '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
  '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]';

-- Unicode's Default_Ignorable_Code_Point, which UTS 39 takes out before it compares.
alter table users add constraint users_username_visible check (username !~
  '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
  '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]');
alter table email_verification_tokens add constraint email_verification_tokens_username_visible check (username !~
  '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f'
  '\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]');
