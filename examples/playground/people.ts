/** The two people who can sign in here, and what this site keeps in its sessions. */
export type Role = 'reader' | 'editor';

export interface Person {
  id: string;
  name: string;
  role: Role;
}

export const ada: Readonly<Person> = { id: 'ada', name: 'Ada Lovelace', role: 'reader' };
export const grace: Readonly<Person> = { id: 'grace', name: 'Grace Hopper', role: 'editor' };
export const people = [ada, grace];

// What the site keeps in its sessions. A project that comes from express-session has these lines already.
declare module 'express-session' {
  interface SessionData {
    person?: Person;
    views?: number;
    note?: string;
    /** Names of the tokens that came to the refresh page with this session, the last one last. */
    seen?: string[];
  }
}
