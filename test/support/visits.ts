// Counts the visits of a session.
import type { Request } from 'express';
import type { Handler } from './server';
import { data } from './site';

/** Counts this visit in the session and returns the count. */
export function countVisit(req: Request): number {
  const visits = Number(data(req).visits ?? 0) + 1;
  data(req).visits = visits;
  return visits;
}

/** Answers with the number of visits of this session; `/read` tells it without counting. */
export const visits: Handler = (req, res) => {
  res.end(String(req.url === '/read' ? data(req).visits : countVisit(req)));
};
