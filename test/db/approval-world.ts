/** A project with an editor, approvers and others, and what they say to a request for approval. */
import { randomUUID } from 'node:crypto';
import { type Actors, openActors, outcomeOf } from './acting.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addAccount, addMember, addPerson, addRow, addTenant, type Someone } from './seed.ts';

const others = {
  editor: 'editor',
  anna: 'approver',
  ben: 'approver',
  cleo: 'approver',
  reviewer: 'reviewer',
  viewer: 'viewer',
} as const;
export type Name = 'owner' | keyof typeof others;

interface Flow {
  readonly rule?: string;
  readonly min_approvals?: number;
  readonly allow_self_approval?: boolean;
  readonly is_active?: boolean;
}

export interface ApprovalWorld {
  readonly open: OpenDatabase;
  readonly actors: Actors;
  readonly person: (name: Name) => Someone;
  readonly projectId: () => string;
  readonly newProject: () => Promise<void>;
  /** A statement as somebody. */
  readonly act: (who: Name, text: string, values?: readonly unknown[]) => Promise<Row[]>;
  /** A workflow with approvers in this order; a name in an inner list shares its place. The reviewer is in it too. */
  readonly addFlow: (flow?: Flow, approvers?: readonly (Name | readonly Name[])[]) => Promise<string>;
  /** A post by the editor with a publication per state. */
  readonly addDraft: (...states: readonly string[]) => Promise<string>;
  readonly ask: (postId: string, workflowId: string, who?: Name) => Promise<string>;
  /** `done`, or the SQLSTATE that refused it. */
  readonly say: (who: Name, requestId: string, decision: string, text?: string | null) => Promise<string>;
  readonly stateOf: (requestId: string) => Promise<unknown>;
  readonly statesOf: (postId: string) => Promise<unknown[]>;
  readonly edit: (postId: string, text: string) => Promise<string>;
  readonly pendingOf: (postId: string) => Promise<Row | undefined>;
}

const DUE_AT = '2035-01-01T10:00:00Z';

export async function openApprovals(): Promise<ApprovalWorld> {
  const open = await openDatabase();
  const actors = await openActors(open);
  const names: readonly Name[] = ['owner', 'editor', 'anna', 'ben', 'cleo', 'reviewer', 'viewer'];
  const people = new Map<Name, Someone>();
  for (const name of names) people.set(name, await addPerson(open.sql, name));
  const person = (name: Name): Someone => {
    const found = people.get(name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  };
  let projectId = '';
  const act: ApprovalWorld['act'] = (who, text, values = []) => actors.as(person(who))(text, values);
  return {
    open,
    actors,
    person,
    act,
    projectId: () => projectId,
    newProject: async () => {
      ({ projectId } = await addTenant(open.sql, person('owner').userId));
      for (const name of names) {
        if (name !== 'owner') await addMember(open.sql, projectId, person(name).userId, others[name]);
      }
    },
    addFlow: async (flow = {}, approvers = ['anna', 'ben']) => {
      const project = { project_id: projectId };
      const id = await addRow(open.sql, 'approval_workflows', { ...project, name: randomUUID(), ...flow });
      const member = (name: Name, role: string, position: number) =>
        addRow(open.sql, 'approval_members', {
          ...project,
          workflow_id: id,
          user_id: person(name).userId,
          role,
          position,
        });
      for (const [position, place] of approvers.entries()) {
        for (const name of [place].flat()) await member(name, 'approver', position);
      }
      await member('reviewer', 'reviewer', 0);
      return id;
    },
    addDraft: async (...states) => {
      const post = { created_by: person('editor').userId, text: 'Hello', schedule_type: 'at', due_at: DUE_AT };
      const postId = await addRow(open.sql, 'posts', { project_id: projectId, ...post });
      for (const state of states) {
        await addRow(open.sql, 'post_publications', {
          project_id: projectId,
          post_id: postId,
          account_id: await addAccount(open.sql, projectId),
          platform: 'community',
          state,
          due_at: DUE_AT,
          ...(state === 'published' && { platform_post_id: 'p' }),
        });
      }
      return postId;
    },
    ask: async (postId, workflowId, who = 'editor') => {
      const text =
        'insert into approval_requests (project_id, workflow_id, post_id) values ($1::uuid, $2::uuid, $3::uuid) returning id';
      const [row] = await act(who, text, [projectId, workflowId, postId]);
      return String(row?.id);
    },
    say: (who, requestId, decision, text = null) => {
      const said =
        'insert into approval_decisions (project_id, request_id, decision, text) values ($1::uuid, $2::uuid, $3, $4) returning id';
      return outcomeOf(act(who, said, [projectId, requestId, decision, text]));
    },
    stateOf: async (requestId) =>
      (await open.sql('select state from approval_requests where id = $1', [requestId]))[0]?.state,
    statesOf: async (postId) =>
      (await open.sql('select state from post_publications where post_id = $1 order by id', [postId])).map(
        ({ state }) => state,
      ),
    edit: (postId, text) =>
      outcomeOf(act('editor', 'update posts set text = $2 where id = $1::uuid returning 1 as one', [postId, text])),
    pendingOf: async (postId) =>
      (await open.sql("select * from approval_requests where post_id = $1 and state = 'pending'", [postId]))[0],
  };
}
