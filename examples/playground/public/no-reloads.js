/* global document, DOMParser, fetch, FormData, history, location, URL, URLSearchParams, window, clearTimeout, setTimeout */
/*
 * Follows links and sends forms without loading the page anew: it fetches the next page and puts its header and its content in
 * place. Without this file everything works the plain way.
 */
let timer;

async function show(address, options, isNew = true) {
  const button = options?.button;
  document.querySelector('main').ariaBusy = 'true';
  if (button) button.disabled = true;
  const response = await fetch(address, options);
  if (!response.headers.get('content-type')?.startsWith('text/html')) throw new Error('not a page');
  const next = new DOMParser().parseFromString(await response.text(), 'text/html');
  document.title = next.title;
  for (const part of ['header', 'main']) {
    document.querySelector(part).replaceWith(document.adoptNode(next.querySelector(part)));
  }
  // The address of an answer has no fragment, so what a demonstration found is looked for by its name.
  const { hash } = new URL(address, location.href);
  const target = document.getElementById(hash.slice(1) || 'observed') ?? document.querySelector('main');
  if (isNew) {
    const url = response.url.replace(/#.*/, '') + hash;
    if (url !== location.href) history.pushState(null, '', url);
    target.focus({ preventScroll: true });
    if (target.localName === 'main') window.scrollTo(0, 0);
    else target.scrollIntoView();
  }
  lookAgain();
}

/** Looks at a page again that says so. */
function lookAgain() {
  clearTimeout(timer);
  const { refresh } = document.querySelector('main').dataset;
  if (refresh) timer = setTimeout(() => go(location.href, undefined, false), refresh * 1000);
}

/** Falls back to the plain way. */
function go(address, options, isNew) {
  show(address, options, isNew).catch(() => location.assign(address));
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  const isPlain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || link.origin !== location.origin || link.getAttribute('href').startsWith('#'))
    return;
  event.preventDefault();
  go(link.href);
});

document.addEventListener('submit', (event) => {
  const { target: form, submitter } = event;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, submitter));
  show(form.action, { method: 'POST', body, button: submitter }).catch(() => form.submit());
});

window.addEventListener('popstate', () => go(location.href, undefined, false));
lookAgain();
