-- Old code keeps working: yes (what it writes is judged too).
-- How moderation goes: the automatic score, the way of a case, what a decision does; and the first word lists.

-- 0 harmless to 1: the probability that at least one of the words or phrases found in the text is meant as it is listed.
create function app.automated_score(text text) returns numeric(3, 2)
language sql stable security definer set search_path = public, pg_temp
as $$
  with word as (
    select w.word as one, lead(w.word) over (order by w.place) as two, lead(w.word, 2) over (order by w.place) as three
    from regexp_split_to_table(lower(left(automated_score.text, 20000)), '[^[:alnum:]'']+') with ordinality w (word, place)
    where w.word <> ''
  ), phrase as (
    select distinct p.text from word w cross join lateral (values (w.one), (w.one || ' ' || w.two), (w.one || ' ' || w.two || ' ' || w.three)) p (text)
    where p.text is not null
  ), found as (
    select max(m.weight) as weight from phrase p join moderation_words m on m.word = p.text where m.enabled group by m.word
  )
  select least(1, coalesce(1 - round(exp(sum(ln(greatest(1 - f.weight, 0.001)))), 2), 0))::numeric(3, 2) from found f
$$;
comment on function app.automated_score is '1 minus the product of (1 - weight) over the listed words and phrases that occur, each once.';
grant execute on function app.automated_score(text) to posthaste_api, posthaste_worker;

-- From half a case is opened, from 0.85 an urgent one. A machine only asks; a person hides.
create function app.judge_text() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  score numeric(3, 2) := app.automated_score(new.text);
begin
  if score >= 0.5 then
    insert into content_moderation as m (target_type, target_id, status, reason, automated_score)
    values (tg_argv[0], new.id, case when score >= 0.85 then 'flagged' else 'pending' end, 'words', score)
    on conflict (target_type, target_id) where status in ('pending', 'flagged') do update
      set automated_score = greatest(m.automated_score, excluded.automated_score),
        status = case when excluded.status = 'flagged' then 'flagged' else m.status end;
  end if;
  return null;
end
$$;
create trigger community_posts_judge after insert on community_posts for each row execute function app.judge_text('post');
create trigger community_posts_judge_again after update of text on community_posts
  for each row when (old.text is distinct from new.text) execute function app.judge_text('post');
create trigger comments_judge after insert on comments for each row execute function app.judge_text('comment');
create trigger comments_judge_again after update of text on comments
  for each row when (old.text is distinct from new.text) execute function app.judge_text('comment');

-- pending → flagged, approved, rejected; flagged → pending, approved, rejected; a decision can be turned round once more.
create function app.guard_moderation() returns trigger
language plpgsql
as $$
begin
  if (case old.status
    when 'pending' then new.status in ('flagged', 'approved', 'rejected')
    when 'flagged' then new.status in ('pending', 'approved', 'rejected')
    when 'approved' then new.status = 'rejected'
    when 'rejected' then new.status = 'approved'
    else false
  end) is not true then
    raise exception 'a case cannot go from % to %', old.status, new.status using errcode = 'PH010';
  end if;
  if new.status in ('approved', 'rejected') then
    new.moderator_id := app.user_id();
    new.reviewed_at := app.now();
  end if;
  return new;
end
$$;
create trigger content_moderation_guard before update of status on content_moderation
  for each row when (old.status is distinct from new.status) execute function app.guard_moderation();

-- Rejected hides, approved shows again. Profiles and media are not hidden here: what becomes of them is decided by hand.
create function app.apply_decision() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  hidden timestamptz := case when new.status = 'rejected' then app.now() end;
begin
  if new.target_type = 'post' then
    update community_posts p set hidden_at = hidden where p.id = new.target_id and (p.hidden_at is null) <> (hidden is null);
  elsif new.target_type = 'comment' then
    update comments c set hidden_at = hidden where c.id = new.target_id and (c.hidden_at is null) <> (hidden is null);
  end if;
  update moderation_reports r
  set status = case new.status when 'rejected' then 'upheld' else 'dismissed' end, resolved_at = app.now()
  where r.moderation_id = new.id and r.status <> case new.status when 'rejected' then 'upheld' else 'dismissed' end;
  return null;
end
$$;
create trigger content_moderation_apply after update of status on content_moderation
  for each row when (old.status is distinct from new.status and new.status in ('approved', 'rejected'))
  execute function app.apply_decision();

-- A report joins the open case of its target, or opens one. The third report makes it urgent.
create function app.take_report() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into content_moderation as m (target_type, target_id, reason) values (new.target_type, new.target_id, 'reported')
  on conflict (target_type, target_id) where status in ('pending', 'flagged') do update
    set status = case when (
      select count(*) from moderation_reports r where r.moderation_id = m.id and r.status = 'open') >= 2 then 'flagged' else m.status end
  returning m.id into new.moderation_id;
  return new;
end
$$;
create trigger moderation_reports_take before insert on moderation_reports for each row execute function app.take_report();

insert into moderation_words (language, word, category, weight) values
  ('en', 'buy followers', 'spam', 0.8), ('en', 'free followers', 'spam', 0.8), ('en', 'click here', 'spam', 0.3),
  ('en', 'work from home', 'spam', 0.3), ('en', 'make money fast', 'spam', 0.8), ('en', 'double your money', 'spam', 0.8),
  ('en', 'guaranteed profit', 'spam', 0.8), ('en', 'crypto giveaway', 'spam', 0.9), ('en', 'dm for promo', 'spam', 0.6),
  ('en', 'limited time offer', 'spam', 0.2), ('en', 'wire transfer', 'spam', 0.2), ('en', 'casino bonus', 'spam', 0.7),
  ('en', 'idiot', 'harassment', 0.4), ('en', 'moron', 'harassment', 0.4), ('en', 'loser', 'harassment', 0.2),
  ('en', 'shut up', 'harassment', 0.3), ('en', 'nobody likes you', 'harassment', 0.6), ('en', 'you are worthless', 'harassment', 0.7),
  ('en', 'kill yourself', 'self_harm', 0.98), ('en', 'kys', 'self_harm', 0.9), ('en', 'hurt myself', 'self_harm', 0.6),
  ('en', 'end my life', 'self_harm', 0.9), ('en', 'i will kill', 'violence', 0.8), ('en', 'beat you up', 'violence', 0.7),
  ('en', 'shoot you', 'violence', 0.8), ('en', 'bomb threat', 'violence', 0.7), ('en', 'subhuman', 'hate', 0.8),
  ('en', 'go back home', 'hate', 0.4), ('en', 'porn', 'sexual', 0.6), ('en', 'nudes', 'sexual', 0.6), ('en', 'onlyfans', 'sexual', 0.3),
  ('en', 'cocaine', 'drugs', 0.4), ('en', 'buy weed', 'drugs', 0.7), ('en', 'no prescription', 'drugs', 0.6),
  ('de', 'follower kaufen', 'spam', 0.8), ('de', 'schnell reich werden', 'spam', 0.8), ('de', 'hier klicken', 'spam', 0.3),
  ('de', 'gratis gewinn', 'spam', 0.7), ('de', 'idiot', 'harassment', 0.4), ('de', 'vollidiot', 'harassment', 0.6),
  ('de', 'halt die fresse', 'harassment', 0.7), ('de', 'bring dich um', 'self_harm', 0.95), ('de', 'ich bringe dich', 'violence', 0.4),
  ('de', 'untermensch', 'hate', 0.95), ('de', 'pornos', 'sexual', 0.6), ('de', 'koks kaufen', 'drugs', 0.8),
  ('es', 'comprar seguidores', 'spam', 0.8), ('es', 'dinero fácil', 'spam', 0.7), ('es', 'haz clic aquí', 'spam', 0.3),
  ('es', 'idiota', 'harassment', 0.4), ('es', 'cállate', 'harassment', 0.3), ('es', 'mátate', 'self_harm', 0.95),
  ('es', 'te voy a', 'violence', 0.1), ('es', 'porno', 'sexual', 0.6), ('es', 'comprar cocaína', 'drugs', 0.8),
  ('fr', 'acheter des abonnés', 'spam', 0.8), ('fr', 'argent facile', 'spam', 0.7), ('fr', 'cliquez ici', 'spam', 0.3),
  ('fr', 'crétin', 'harassment', 0.4), ('fr', 'ta gueule', 'harassment', 0.6), ('fr', 'suicide toi', 'self_harm', 0.95),
  ('fr', 'sous homme', 'hate', 0.7), ('fr', 'porno', 'sexual', 0.6), ('fr', 'acheter cannabis', 'drugs', 0.7);
