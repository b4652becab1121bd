import { z } from 'zod';
import { mailToken } from '../../shared/auth/shapes.ts';
import { baseSheet } from '../../shared/html/sheet.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

// Scanners of mail follow links: only the form uses the token. Nothing is sent with the page's address.
const script = `
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  status.textContent = 'One moment…';
  try {
    const answer = await fetch('/v1/auth/reset-password', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: location.pathname.split('/').at(-1), newPassword: form.elements.password.value }),
    });
    const body = await answer.json();
    const why = (body.errors || []).map((error) => 'It ' + error.message + '.').join(' ');
    status.textContent = answer.ok ? 'Thank you. Your password is changed; you can log in now.' : body.title + ' ' + why;
    form.hidden = answer.ok;
    button.disabled = answer.ok || body.code === 'invalid_token';
  } catch {
    status.textContent = 'The server could not be reached. Please try again.';
    button.disabled = false;
  }
});`;

const form = `<form><p><label>New password<br>
<input name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" required autofocus></label></p>
<p class="soft">At least 8 characters; a few words that nobody else would put together are good.</p>
<p><button>Change password</button></p></form>`;

export const handler = endpoint({
  method: 'GET',
  path: '/reset-password/{token}',
  auth: 'page',
  throttle: { ratePerS: 100, burst: 200 },
  summary: 'Show the page for choosing a new password',
  description: 'The link in the mail leads here. Opening it changes nothing; submitting its form does.',
  tag: 'auth',
  params: z.strictObject({ token: mailToken }),
  status: 200,
  content: HTML,
  errors: [],
  uses: {},
})(async () =>
  htmlPage({
    title: 'Choose a new password',
    body: `<main><h1>Choose a new password</h1>${form}<p role="status"></p></main>`,
    style: baseSheet,
    script,
    sources: { 'connect-src': "'self'" },
  }),
);
