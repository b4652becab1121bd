import { z } from 'zod';
import { mailToken } from '../../shared/auth/shapes.ts';
import { baseSheet } from '../../shared/html/sheet.ts';
import { endpoint } from '../_kit/endpoint.ts';
import { HTML, htmlPage } from '../_kit/page.ts';

// Scanners of mail follow links: only the press of the button uses the token.
const script = `
const button = document.querySelector('button');
const status = document.querySelector('[role=status]');
button.addEventListener('click', async () => {
  button.disabled = true;
  status.textContent = 'One moment…';
  try {
    const answer = await fetch('/v1/auth/verify-email', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: location.pathname.split('/').at(-1) }),
    });
    const body = await answer.json();
    status.textContent = answer.ok ? 'Thank you. Your address is verified; you can log in now.' : body.title;
    button.hidden = answer.ok;
    button.disabled = answer.ok || !body.retryable;
  } catch {
    status.textContent = 'The server could not be reached. Please try again.';
    button.disabled = false;
  }
});`;

export const handler = endpoint({
  method: 'GET',
  path: '/verify-email/{token}',
  auth: 'page',
  summary: 'Show the page that verifies an e-mail address',
  description: 'The link in the verification mail leads here. Opening it changes nothing; its button verifies.',
  tag: 'auth',
  params: z.strictObject({ token: mailToken }),
  status: 200,
  content: HTML,
  errors: [],
  uses: {},
  throttle: { ratePerS: 100, burst: 200 },
})(async () =>
  htmlPage({
    title: 'Verify your e-mail address',
    body: '<main><h1>Verify your e-mail address</h1><p><button type="button">Verify</button></p><p role="status"></p></main>',
    style: baseSheet,
    script,
    sources: { 'connect-src': "'self'" },
  }),
);
