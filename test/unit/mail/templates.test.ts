import { expect, test } from 'vitest';
import { mailPayload, renderMail } from '../../../shared/mail/templates.ts';

const link = 'https://api.example.com/verify-email/abc?x=1&y=2';

test('the text shows the link on a line of its own, the HTML as a button', () => {
  const mail = renderMail({ template: 'verify-email', to: 'ada@example.com', name: 'Ada', link });
  expect(mail.to).toBe('ada@example.com');
  expect(mail.text.split('\n')).toContain(link);
  expect(mail.html).toContain('<a href="https://api.example.com/verify-email/abc?x=1&amp;y=2">');
});

test('a name is text, whatever it holds', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  const mail = renderMail({ template: 'verify-email', to: 'a@example.com', name, link });
  expect(mail.text).toContain(name);
  expect(mail.html).not.toContain('<img');
  expect(mail.html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
  expect(mail.subject).not.toContain('img');
});

test('the mail to a known address holds no link that does anything', () => {
  const mail = renderMail({ template: 'already-registered', to: 'a@example.com' });
  expect(mail.text + mail.html).not.toMatch(/https?:/);
});

test('what is no mail is not sent', () => {
  expect(mailPayload.safeParse({}).success).toBe(false);
  expect(mailPayload.safeParse({ template: 'verify-email', to: 'a@example.com' }).success).toBe(false);
});

test('an invitation shows the names that people chose, and no link but its own', () => {
  const invitation = { template: 'invitation', to: 'a@example.com', role: 'editor', link } as const;
  const mail = renderMail({ ...invitation, inviter: 'Ada', project: 'St. Louis & co' });
  expect(mail.text).toContain('Ada invites you to the project “St. Louis & co” at Posthaste as editor.');
  const evil = renderMail({ ...invitation, inviter: 'see www.evil.example', project: 'https://evil.example/x' });
  expect(evil.text.match(/\S+\.\w{2,}\S*/g)).toEqual([link]);
});

test('a paused account names each limit that it is beyond, and none where the limit is gone again', () => {
  const account = { project: 'Engines', platform: 'mastodon', handle: 'ada', projectLimit: null, ownLimit: null };
  const text = (more: object) => {
    const accounts = [{ ...account, memberLimited: false, ...more }];
    const mail = { template: 'accounts-paused', to: 'a@example.com', name: 'Ada', others: 0, accounts };
    return renderMail(mailPayload.parse(mail))
      .text.split('\n')
      .find((line) => line.startsWith('mastodon'));
  };
  const start = 'mastodon (ada) in the project “Engines”';
  expect(text({})).toBe(start);
  expect(text({ projectLimit: 0 })).toBe(`${start}: the project may have no accounts`);
  expect(text({ projectLimit: 1, ownLimit: 2 })).toBe(
    `${start}: the project may have 1 account; you may connect 2 accounts, in all projects together`,
  );
  expect(text({ memberLimited: true })).toBe(`${start}: the member who connected it has connected as many as they may`);
});

test('who gains and who loses a project reads its name as text, and who owns it now', () => {
  const about = { to: 'a@example.com', name: 'Ada', project: 'https://evil.example/x' };
  const gained = renderMail({ template: 'project-handed-over', ...about });
  const lost = renderMail({ template: 'project-taken-over', ...about, owner: 'see www.evil.example', role: 'viewer' });
  // Also for an owner who is active, and may only read in this installation.
  expect(lost.text).toContain('You are a viewer of it from now on, as far as your account may be used.');
  for (const { text, html } of [gained, lost]) expect(text + html).not.toMatch(/evil\.example|:\/\//);
});
