import 'express-session';

declare module 'express-session' {
  interface SessionData {
    count: number;
    basket: { article: string; pieces: number }[];
  }
}

declare global {
  namespace Express {
    interface User {
      id: number;
    }
  }
}
