// The mark beside a free user's name, wherever it stands. app/formatting.py draws the same on the server's pages.
import { html } from "htm/preact";

export const FreeBadge = ({ free }) => (free ? html`<span class="fd-chip fd-chip--row fd-free">Free user</span>` : null);
