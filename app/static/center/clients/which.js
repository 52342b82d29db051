// Which clients the sub-filters of *Clients* mean. Pure.

/** Does this row belong to what was chosen? */
export function ofFilter(item, sub, me) {
  if (!sub) return true;
  const { talk } = item.chat ?? {};
  if (!talk || talk.state !== "open") return false;
  if (sub === "mine") return talk.responsible_id === me;
  return sub === "open" || talk.responsible_id === null;
}
