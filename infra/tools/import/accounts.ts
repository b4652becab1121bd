/** Accounts on platforms: our origin of the platform, and tokens that are sealed before they go anywhere. */
import { tokenBinding } from '../../../shared/accounts/seal.ts';
import { type Cells, type Context, Refused, ref } from './plan.ts';

export interface Account {
  readonly platform: string;
  readonly platformAccountId: string;
  readonly access: string | null;
  readonly refresh: string | null;
  /** Their person, whose personal project it goes to. */
  readonly table: string;
  readonly userId: string;
}

export async function makeAccount(account: Account, context: Context): Promise<Record<string, Cells | null>> {
  const { platform, platformAccountId, access, refresh } = account;
  const origin = context.platforms.get(platform);
  if (origin === undefined) throw new Refused(`the platform ${platform} is not known here`);
  const baseUrl = origin ?? '';
  const sealed = (token: string | null, which: 'access' | 'refresh') =>
    token === null ? null : context.seal(token, tokenBinding(platform, baseUrl, platformAccountId, which));
  const project = ref(`${account.table}#project`, account.userId);
  const tokens: Cells = {
    account_id: context.target,
    project_id: project,
    access_token_sealed: await sealed(access, 'access'),
    refresh_token_sealed: await sealed(refresh, 'refresh'),
  };
  return {
    social_accounts: {
      id: context.target,
      project_id: project,
      platform,
      platform_account_id: platformAccountId,
      base_url: baseUrl,
      connected_by: ref(account.table, account.userId),
    },
    account_tokens: access === null ? null : tokens,
  };
}
