/** The page behind the link of an invitation into the installation. Opening it changes nothing; its button registers. */
import { type Html, html } from '../html/html.ts';

export function joinPage(isGood: boolean): Html {
  if (!isGood) {
    return html`<main><h1>This invitation is good no more</h1>
      <p>It was used or withdrawn, or its 14 days are over. Ask for a new one.</p></main>`;
  }
  return html`<main><h1>Welcome to Posthaste</h1>
    <form class="card"><h2>Register</h2>
      <p><label>E-mail address, to which the invitation was sent<br><input name="email" type="email" autocomplete="username" required></label></p>
      <p><label>Your name<br><input name="displayName" autocomplete="name" maxlength="100" required></label></p>
      <p><label>Password<br><input name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" required></label></p>
      <p><button type="submit">Register</button></p>
    </form>
    <p role="status"></p></main>`;
}

export const joinScript = `
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, displayName, password } = form.elements;
  const button = form.querySelector('button');
  button.disabled = true;
  status.textContent = 'One moment…';
  try {
    const answer = await fetch('/v1/auth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        email: email.value,
        displayName: displayName.value,
        password: password.value,
        invitationToken: location.pathname.split('/').at(-1),
      }),
    });
    const body = await answer.json();
    status.textContent = answer.ok
      ? 'Thank you. A mail with a link to verify your address is on its way.'
      : [body.title, ...(body.errors ?? []).map(({ message }) => message)].join(' ');
    form.hidden = answer.ok;
    button.disabled = answer.ok;
  } catch {
    status.textContent = 'The server could not be reached. Please try again.';
    button.disabled = false;
  }
});`;
