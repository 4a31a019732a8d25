// A button that shows an icon and says its label, in a tooltip too.
import { Icon, type IconName } from "./icons";

export interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  pressed?: boolean; // of one that switches
  expanded?: boolean; // of one that opens
  disabled?: boolean;
  class?: string;
}

export function IconButton({ icon, label, onClick, pressed, expanded, disabled, class: extra }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ""}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
