// dates from numbers and texts, in UTC
const d = new Date(86400000 * 365.25);
console.log(d.toISOString(), d.getTime(), new Date("2024-02-29T12:30:00Z").getTime(), Date.UTC(2000, 0, 1), d.getUTCDay(), Date.now() > 1.6e12);
