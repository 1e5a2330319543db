const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => entities[character]);

function frame(title, main) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<main>${main}</main>
</html>
`;
}

/** The site's only page; plain forms, no script. */
export function page({ number, pid, guarantee, name, views, trail }) {
  const steps = trail.map((step) => `<li class="process-${step}">${step}</li>`).join('');
  return frame(
    'Three processes, one session',
    `<h1>Three processes, one session</h1>
<p class="answer">Process <b class="process-${number}" data-testid="process">${number}</b> has answered <span class="muted">(pid ${pid})</span></p>
<dl>
  <dt>You are</dt><dd data-testid="name">${name ? escape(name) : 'not signed in'}</dd>
  <dt>Views in this session</dt><dd data-testid="views">${views}</dd>
  <dt>Answered by, so far</dt><dd><ol data-testid="trail">${steps}</ol></dd>
  <dt>Guarantee of the store</dt><dd data-testid="guarantee">${guarantee}</dd>
</dl>
<div class="forms">
  <form method="get" action="/"><button>View again</button></form>
  ${
    name
      ? '<form method="post" action="/logout"><button>Sign out</button></form>'
      : `<form method="post" action="/login">
    <label>Name <input name="name" value="Ada" maxlength="40" required></label> <button>Sign in</button>
  </form>`
  }
  <form method="post" action="/kill"><button class="danger">Kill the process that gets this</button></form>
</div>
<p class="muted">A process that is killed is replaced. Its sessions are in Redis: reload and see.</p>`,
  );
}

export function errorPage(number) {
  return frame(
    'No sessions now',
    `<h1>No sessions now</h1>
<p>Process ${number} cannot reach Redis. It tries again with your next request.</p>
<form method="get" action="/"><button>Try again</button></form>`,
  );
}
