// A name as sentences and tooltips say it: of a free user they say so. Pure.
export const namedWords = ({ name, free }) => (free ? `${name} (free user)` : name);
