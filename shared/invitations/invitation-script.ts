/** What the buttons of an invitation's page do, in the browser. */

/**
 * Logs in, after a registration where the person is new, with the second factor of who has one, and accepts. The session is
 * for this alone and ends with it, also where the invitation is not taken.
 */
export const invitationScript = `
const token = location.pathname.split('/').at(-1);
const login = document.querySelector('#login');
const factor = document.querySelector('#factor');
const status = document.querySelector('[role=status]');
const buttons = document.querySelectorAll('button');
let ticket;
async function post(path, body, bearer) {
  const headers = { 'content-type': 'application/json' };
  if (bearer !== undefined) headers.authorization = 'Bearer ' + bearer;
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const json = text === '' ? {} : JSON.parse(text);
  if (answer.ok) return json;
  const wait = answer.headers.get('retry-after');
  const words = [json.title, ...(json.errors ?? []).map(({ message }) => message)];
  if (wait !== null) words.push('Try again in ' + wait + ' seconds.');
  throw Object.assign(new Error(words.join(' ')), { code: json.code });
}
function say(text, look = '') {
  status.textContent = text;
  status.className = look;
}
function show(form) {
  login.hidden = form !== login;
  factor.hidden = form !== factor;
  form?.querySelector('p:not([hidden]) input')?.focus();
}
function ask(useRecovery) {
  const { code, recoveryCode } = factor.elements;
  for (const [field, used] of [[code, !useRecovery], [recoveryCode, useRecovery]]) {
    field.closest('p').hidden = !used;
    field.required = used;
    field.value = '';
  }
  document.querySelector('#other').textContent = useRecovery ? 'Use the app' : 'Use a recovery code';
  show(factor);
}
async function run(action) {
  for (const button of buttons) button.disabled = true;
  say('One moment…');
  try {
    const done = await action();
    say(done ?? '', 'ok');
    if (done !== undefined) {
      show();
      document.querySelector('#decline').hidden = true;
    }
  } catch (error) {
    say(error instanceof TypeError ? 'The server could not be reached. Please try again.' : error.message, 'bad');
  }
  for (const button of buttons) button.disabled = false;
}
async function accept(accessToken) {
  try {
    await post('/v1/invitations/accept', { token }, accessToken);
  } catch (error) {
    show(login);
    throw error;
  } finally {
    await post('/v1/auth/logout', {}, accessToken).catch(() => {});
  }
  return 'Welcome. You belong to the project now; log in with your client to see it.';
}
function askName(isNew) {
  const { displayName, password } = login.elements;
  displayName.closest('p').hidden = !isNew;
  displayName.required = isNew;
  password.autocomplete = isNew ? 'new-password' : 'current-password';
}
login?.elements.isNew.addEventListener('change', ({ target }) => askName(target.checked));
login?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { email, password, displayName, isNew } = login.elements;
  const credentials = { email: email.value, password: password.value };
  run(async () => {
    if (isNew.checked) {
      await post('/v1/auth/register', { ...credentials, displayName: displayName.value, invitationToken: token });
      isNew.checked = false;
      askName(false);
    }
    const answer = await post('/v1/auth/login', credentials);
    if (answer.status === 'signed_in') return accept(answer.accessToken);
    ticket = answer.ticket;
    ask(false);
  });
});
factor?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { code, recoveryCode } = factor.elements;
  const proof = recoveryCode.required ? { recoveryCode: recoveryCode.value } : { code: code.value };
  run(async () => {
    try {
      const { accessToken } = await post('/v1/auth/login/second-factor', { ticket, ...proof });
      return await accept(accessToken);
    } catch (error) {
      if (error.code === 'wrong_code') ask(recoveryCode.required);
      if (error.code !== 'invalid_token' || factor.hidden) throw error;
      show(login);
      throw new Error('That took too long, or too many tries. Please log in again.');
    }
  });
});
document.querySelector('#other')?.addEventListener('click', () => {
  say('');
  ask(!factor.elements.recoveryCode.required);
});
document.querySelector('#back')?.addEventListener('click', () => {
  say('');
  show(login);
});
document.querySelector('#decline')?.addEventListener('click', () => run(async () => {
  await post('/v1/invitations/decline', { token });
  return 'You declined. Nobody will ask again by this invitation.';
}));`;
