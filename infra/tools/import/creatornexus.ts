/** CreatorNexus: people by names and text ids, their projects, and content that is planned for one platform. */
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { ref, type SystemPlan, type TablePlan, text } from './plan.ts';

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

export const creatornexus: SystemPlan = { seed: '003', tables: [users, projects, content], notes: [] };
