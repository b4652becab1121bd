/** The page behind the link of an invitation. Opening it changes nothing; its buttons do. */
import { type Html, html } from '../html/html.ts';

export interface ShownInvitation {
  readonly projectName: string;
  readonly inviter: string | null;
  readonly role: string;
}

const what: Readonly<Record<string, string>> = {
  owner: 'everything, also who else belongs to it',
  editor: 'write, schedule and publish',
  approver: 'look, comment and approve',
  reviewer: 'look and comment',
  viewer: 'look',
};

/** Null: the link is unknown, was used, or is good no more. */
export function invitationPage(invitation: ShownInvitation | null): Html {
  if (invitation === null) {
    return html`<main><h1>This invitation is good no more</h1>
      <p>It was answered or withdrawn, or its seven days are over. Ask for a new one.</p></main>`;
  }
  const { projectName, inviter, role } = invitation;
  return html`<main><h1>${projectName}</h1>
    <p>${inviter ?? 'Somebody'} invites you into this project as ${role}. You could ${what[role] ?? 'look'}.</p>
    <form class="card"><h2>Accept</h2>
      <p><label>E-mail address, to which the invitation was sent<br><input name="email" type="email" autocomplete="username" required></label></p>
      <p><label>Password<br><input name="password" type="password" autocomplete="current-password" required></label></p>
      <p><label><input name="isNew" type="checkbox"> I am new here</label></p>
      <p hidden><label>Your name<br><input name="displayName" autocomplete="name" maxlength="100"></label></p>
      <p><button type="submit">Accept</button></p>
    </form>
    <p><button type="button" id="decline">Decline</button></p>
    <p role="status"></p></main>`;
}

/** Logs in, after a registration where the person is new, and accepts. The session is only for this and ends with it. */
export const invitationScript = `
const token = location.pathname.split('/').at(-1);
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
const buttons = document.querySelectorAll('button');
async function post(path, body, bearer) {
  const headers = { 'content-type': 'application/json' };
  if (bearer !== undefined) headers.authorization = 'Bearer ' + bearer;
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const json = text === '' ? {} : JSON.parse(text);
  if (!answer.ok) throw new Error([json.title, ...(json.errors ?? []).map(({ message }) => message)].join(' '));
  return json;
}
async function run(action) {
  for (const button of buttons) button.disabled = true;
  status.textContent = 'One moment…';
  try {
    status.textContent = await action();
    form.hidden = true;
    document.querySelector('#decline').hidden = true;
  } catch (error) {
    status.textContent = error instanceof TypeError ? 'The server could not be reached. Please try again.' : error.message;
    for (const button of buttons) button.disabled = false;
  }
}
form?.elements.isNew.addEventListener('change', ({ target }) => {
  const { displayName, password } = form.elements;
  displayName.closest('p').hidden = !target.checked;
  displayName.required = target.checked;
  password.autocomplete = target.checked ? 'new-password' : 'current-password';
});
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { email, password, displayName, isNew } = form.elements;
  const credentials = { email: email.value, password: password.value };
  run(async () => {
    if (isNew.checked) {
      await post('/v1/auth/register', { ...credentials, displayName: displayName.value, invitationToken: token });
      isNew.checked = false;
    }
    const { accessToken } = await post('/v1/auth/login', credentials);
    if (accessToken === undefined) throw new Error('Your account has a second factor: log in with your client and accept there.');
    await post('/v1/invitations/accept', { token }, accessToken);
    await post('/v1/auth/logout', {}, accessToken);
    return 'Welcome. You belong to the project now; log in with your client to see it.';
  });
});
document.querySelector('#decline')?.addEventListener('click', () => run(async () => {
  await post('/v1/invitations/decline', { token });
  return 'You declined. Nobody will ask again by this invitation.';
}));`;
