// Comfort for pages that work without it: figures in the browser's language, charts, forms sent once, copying.
'use strict';

const language = navigator.language;
const money = new Map();

function moneyFormat(decimals) {
  if (!money.has(decimals)) {
    money.set(decimals, new Intl.NumberFormat(language, {
      style: 'currency', currency: 'USD', minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    }));
  }
  return money.get(decimals);
}

// The text of an amount is formatted and not its number, so that every digit stays.
function formatMoney(text) {
  return moneyFormat(Math.max(2, (text.split('.')[1] ?? '').length)).format(text);
}

const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { notation: 'compact' });
const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

function localize(root) {
  for (const data of root.querySelectorAll('data.money')) {
    data.textContent = formatMoney(data.value);
  }
  for (const data of root.querySelectorAll('data.count')) {
    data.textContent = whole.format(BigInt(data.value));
  }
  for (const data of root.querySelectorAll('data.percent')) {
    const decimals = (data.value.split('.')[1] ?? '').length;
    data.textContent = new Intl.NumberFormat(language, { minimumFractionDigits: decimals }).format(data.value) + ' %';
  }
  for (const time of root.querySelectorAll('time.day')) {
    const parsed = new Date(time.dateTime.length === 7 ? time.dateTime + '-01' : time.dateTime);
    if (!isNaN(parsed) && time.dateTime.length === 10) {
      time.textContent = day.format(parsed);
    }
  }
  for (const time of root.querySelectorAll('time.moment')) {
    const parsed = new Date(time.dateTime);
    if (!isNaN(parsed)) {
      time.title = time.dateTime;
      time.textContent = moment.format(parsed) + ' UTC';
    }
  }
}

// --- Charts: drawn from the table below them -----------------------------------------------------------------------

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const formats = { money: value => formatMoney(String(value)), count: value => whole.format(value), percent: value => value + ' %' };
const shortFormats = {
  money: value => '$' + short.format(value), count: value => short.format(value), percent: value => value + ' %',
};

function draw(figure) {
  const table = figure.querySelector('table[data-chart]');
  const rows = [...table.tBodies[0].rows];
  if (typeof uPlot === 'undefined' || rows.length < 2) {
    return;
  }

  const heads = [...table.tHead.rows[0].cells].slice(1);
  const read = (row, column) => {
    const value = row.cells[column].querySelector('data')?.value;
    return value === undefined ? null : Number(value);
  };
  const times = rows.map(row => new Date(row.cells[0].querySelector('time').dateTime).getTime() / 1000);
  const lines = heads.map((_, index) => rows.map(row => read(row, index + 1)));
  const colours = [colour('--pico-primary'), colour('--warn'), colour('--good'), colour('--bad'), colour('--idle')];
  const axis = colour('--pico-muted-color');
  const grid = { stroke: colour('--pico-muted-border-color'), width: 1 };

  // Each line has a scale of its own: money, impressions and clicks have nothing in common. Two of them get an axis.
  const plot = figure.querySelector('.plot');
  plot.hidden = false;
  const width = () => Math.max(280, plot.clientWidth);
  const chart = new uPlot({
    width: width(),
    height: 260,
    tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { drag: { x: true, y: false } },
    series: [
      { value: (_, seconds) => seconds === null ? '–' : (rows.length > 1 && times[1] - times[0] < 86400
        ? moment : day).format(new Date(seconds * 1000)) + ' UTC' },
      ...heads.map((head, index) => ({
        label: head.textContent.trim(), scale: 'y' + index, stroke: colours[index % colours.length], width: 2,
        points: { show: rows.length < 40 },
        value: (_, value) => value === null ? '–' : formats[head.dataset.kind](value),
      })),
    ],
    scales: Object.fromEntries(heads.map((_, index) => ['y' + index, { range: (_, __, most) => [0, (most || 1) * 1.08] }])),
    axes: [
      { stroke: axis, grid, ticks: grid },
      ...heads.slice(0, width() > 500 ? 2 : 1).map((head, index) => ({
        scale: 'y' + index, side: index === 0 ? 3 : 1, stroke: colours[index], size: 64,
        grid: index === 0 ? grid : { show: false }, ticks: grid,
        values: (_, values) => values.map(shortFormats[head.dataset.kind]),
      })),
    ],
  }, [times, ...lines], plot);
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', figure.querySelector('figcaption').textContent + '; the figures are in the table below');
  new ResizeObserver(() => chart.setSize({ width: width(), height: 260 })).observe(plot);
  figure.querySelector('details').open = false;
}

// --- Forms and small things ----------------------------------------------------------------------------------------

function guard(form) {
  form.addEventListener('submit', () => {
    // After the submit has begun, for a disabled button's value is not sent.
    setTimeout(() => {
      for (const button of form.querySelectorAll('button')) {
        button.disabled = true;
      }
      form.querySelector('button[type=submit]')?.setAttribute('aria-busy', 'true');
    });
  });
}

function choose(box) {
  box.closest('[hidden]')?.removeAttribute('hidden');
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${box.dataset.all}"]`)];
  box.addEventListener('change', () => boxes.forEach(one => { one.checked = box.checked; }));
}

function copy(button) {
  // Browsers have no clipboard for pages that came without TLS; the text can be selected at a click then.
  if (!navigator.clipboard) {
    return;
  }
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = 'Copied';
  });
}

// A part of a page that changes by itself is read again as long as it says so, unless nobody looks or somebody is in it.
function refresh(part) {
  setTimeout(async () => {
    let fresh = part;
    try {
      if (!document.hidden && !part.contains(document.activeElement)) {
        const answer = await fetch(location.href);
        const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : '', 'text/html');
        fresh = page.getElementById(part.id) ?? part;
      }
    } catch {
      // The next time may be better; the link to refresh by hand is there too.
    }
    if (fresh !== part) {
      part.replaceWith(fresh);
      localize(fresh);
    }
    if (fresh.dataset.refresh) {
      refresh(fresh);
    }
  }, part.dataset.refresh * 1000);
}

document.addEventListener('DOMContentLoaded', () => {
  localize(document);
  document.querySelectorAll('figure.chart').forEach(draw);
  document.querySelectorAll('form[data-guard]').forEach(guard);
  document.querySelectorAll('input[data-all]').forEach(choose);
  document.querySelectorAll('button[data-copy]').forEach(copy);
  document.querySelectorAll('[data-refresh]').forEach(refresh);

  // A link's secret is in its fragment, which browsers send to nobody; from here it goes into the form alone.
  const fragment = document.querySelector('input[data-fragment]');
  if (fragment && location.hash.length > 1) {
    fragment.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }
  if (matchMedia('(max-width: 60rem)').matches) {
    document.querySelector('.frame > nav > details')?.removeAttribute('open');
  }

  // The first field that was wrong, or the page's own first words.
  document.querySelector('[aria-invalid=true]')?.focus();
});

// Back to a page that was left by a form: its buttons work again.
window.addEventListener('pageshow', event => {
  if (event.persisted) {
    document.querySelectorAll('form[data-guard] button').forEach(button => {
      button.disabled = false;
      button.removeAttribute('aria-busy');
    });
  }
});
