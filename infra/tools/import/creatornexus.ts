/** CreatorNexus: people by names and text ids, their projects, and content that is planned for one platform. */
import { Temporal } from 'temporal-polyfill';
import { isTimeZone } from '../../../shared/time/zone.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { must, Refused, ref, type SystemPlan, type TablePlan, text } from './plan.ts';

const person: PersonColumns = { table: 'users', email: 'email' };

const users: TablePlan = {
  table: 'users',
  into: ['users', 'projects', 'project_collaborators'],
  merge: mergePeople(person),
  make: (row, _, context) => {
    const name = [text(row, 'first_name'), text(row, 'last_name')]
      .filter((part) => part !== null && part !== '')
      .join(' ');
    const { made } = makePerson(row, person, name, context);
    return { ...made, users: { ...made.users, status: row.is_active === false ? 'deactivated' : 'active' } };
  },
};

const projects: TablePlan = {
  table: 'projects',
  into: ['projects', 'project_collaborators'],
  make: (row, _, { target: id }) => ({
    projects: { id },
    project_collaborators: {
      project_id: id,
      user_id: ref('users', row.user_id),
      role: 'owner',
      created_at: row.created_at,
    },
  }),
};

const content: TablePlan = {
  table: 'content',
  into: ['content'],
  make: (row, _, { target: id }) => ({
    content: {
      id,
      project_id: row.project_id === null ? homeOf('users', row.user_id) : ref('projects', row.project_id),
    },
  }),
};

/** Without an account of a platform nothing can go out: the state there is kept in the metadata. */
const posts: TablePlan = {
  table: 'social_posts',
  into: ['posts'],
  reads: ['status'],
  make: (row, _, { target: id }) => ({
    posts: {
      id,
      project_id: homeOf('users', row.user_id),
      schedule_type: 'draft',
      metadata: { status: text(row, 'status') ?? 'draft' },
    },
  }),
};

const RECURRENCES = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'];

const schedules: TablePlan = {
  table: 'post_schedules',
  into: ['publishing_schedules'],
  reads: ['scheduled_at'],
  more: { '@user': 'p.user_id', '@created': 'p.created_at' },
  join: 'join social_posts p on p.id = t.social_post_id',
  since: '@created',
  make: (row, _, { target: id, now }) => {
    const recurrence = text(row, 'recurrence')?.toLowerCase() ?? 'none';
    if (recurrence !== 'none' && !RECURRENCES.includes(recurrence))
      throw new Refused(`recurrence is “${recurrence}”, which is not known`);
    const zone = text(row, 'timezone') ?? 'UTC';
    if (!isTimeZone(zone)) throw new Refused(`timezone is “${zone.slice(0, 60)}”, which is not known`);
    return {
      publishing_schedules: {
        id,
        project_id: homeOf('users', row['@user']),
        created_by: ref('users', row['@user']),
        name: `Schedule ${must(row, '@id')}`,
        time_zone: zone,
        wall_time: wallTime(text(row, 'scheduled_at') ?? now.toISOString(), zone),
        rrule: recurrence === 'none' ? null : `FREQ=${recurrence.toUpperCase()}`,
      },
    };
  },
};

/** YYYY-MM-DDTHH:MM:SS on the clock of the zone. */
function wallTime(instant: string, zone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'second' });
}

export const creatornexus: SystemPlan = {
  seed: '003',
  tables: [users, projects, content, posts, schedules],
  notes: [
    'Social posts come as drafts: choose their accounts once these are connected.',
    'Schedules are kept with their recurrence, and plan nothing until their post has accounts.',
    'Tables of which the report gives no columns were not read.',
  ],
};
