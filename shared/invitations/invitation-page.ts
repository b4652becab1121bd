/** The page behind the link of an invitation. Opening it changes nothing; its buttons do (invitation-script.ts). */
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
    <form class="card" id="login"><h2>Accept</h2>
      <p><label>E-mail address, to which the invitation was sent<input name="email" type="email" autocomplete="username" required></label></p>
      <p><label>Password<input name="password" type="password" autocomplete="current-password" required></label></p>
      <p><label class="check"><input name="isNew" type="checkbox"> I am new here</label></p>
      <p hidden><label>Your name<input name="displayName" autocomplete="name" maxlength="100"></label></p>
      <p><button type="submit">Accept</button></p>
    </form>
    <form class="card" id="factor" hidden><h2>Your second factor</h2>
      <p><label>The six digits that your authenticator app shows<input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="11" required></label></p>
      <p hidden><label>One of your recovery codes<input name="recoveryCode" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="100"></label></p>
      <p><button type="submit">Go on</button> <button type="button" id="other" class="plain">Use a recovery code</button>
        <button type="button" id="back" class="plain">Start again</button></p>
    </form>
    <p role="status"></p>
    <p><button type="button" id="decline" class="plain">Decline the invitation</button></p></main>`;
}

/** Beside the sheet of all pages: fields that fit a telephone. */
export const invitationSheet = `
main{max-width:34rem}
h2{margin-top:0}
[hidden]{display:none!important}
input:not([type=checkbox]){display:block;width:100%;margin-top:.25rem;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:8px}
button{font:inherit;padding:.6rem 1rem;margin:0 .25rem .25rem 0;border:1px solid var(--accent);border-radius:8px;background:var(--accent);color:var(--card);cursor:pointer}
button.plain{background:none;color:var(--accent)}
button:disabled{opacity:.5;cursor:default}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
form p:last-child{margin-bottom:0}
[role=status]{min-height:1.5em;margin-top:1rem}
[role=status].bad{color:var(--bad)}
[role=status].ok{color:var(--ok)}
`;
