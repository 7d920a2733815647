"""Gradio's own parts in the lab's colours: every variable of its theme points at one of `static/lab.css`.

So there is one palette, light and dark, and it stands in the style sheet.
"""

from __future__ import annotations

from typing import Any

__all__ = ["lab_theme"]

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

COLOURS = {
    "body_background_fill": "var(--ground)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-2)",
    "background_fill_primary": "var(--panel)",
    "background_fill_secondary": "var(--ground)",
    "block_background_fill": "transparent",
    "block_border_color": "transparent",
    "block_info_text_color": "var(--ink-2)",
    "block_label_background_fill": "transparent",
    "block_label_border_color": "transparent",
    "block_label_text_color": "var(--ink-2)",
    "block_title_text_color": "var(--ink-2)",
    "border_color_accent": "var(--accent)",
    "border_color_primary": "var(--line)",
    "button_primary_background_fill": "var(--accent)",
    "button_primary_background_fill_hover": "var(--accent-strong)",
    "button_primary_border_color": "transparent",
    "button_primary_text_color": "var(--on-accent)",
    "button_secondary_background_fill": "var(--raised)",
    "button_secondary_background_fill_hover": "var(--hover)",
    "button_secondary_border_color": "var(--line)",
    "button_secondary_text_color": "var(--ink)",
    "checkbox_background_color": "var(--field)",
    "checkbox_background_color_selected": "var(--accent)",
    "checkbox_border_color": "var(--line-strong)",
    "checkbox_border_color_selected": "var(--accent)",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_selected": "var(--raised)",
    "checkbox_label_text_color": "var(--ink)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "color_accent_soft": "var(--accent-soft)",
    "error_background_fill": "var(--panel)",
    "error_border_color": "var(--bad)",
    "error_text_color": "var(--ink)",
    "input_background_fill": "var(--field)",
    "input_border_color": "var(--line)",
    "input_border_color_focus": "var(--accent)",
    "input_placeholder_color": "var(--ink-2)",
    "link_text_color": "var(--accent-ink)",
    "loader_color": "var(--accent)",
    "panel_background_fill": "transparent",
    "slider_color": "var(--accent)",
}

PLAIN = {
    "block_border_width": "0px",
    "block_label_text_size": "12px",
    "block_padding": "0px",
    "block_radius": "6px",
    "block_shadow": "none",
    "block_title_text_size": "12px",
    "block_title_text_weight": "500",
    "button_large_padding": "8px 14px",
    "button_large_radius": "6px",
    "button_large_text_size": "13px",
    "button_large_text_weight": "600",
    "button_medium_padding": "6px 12px",
    "button_medium_radius": "6px",
    "button_medium_text_size": "13px",
    "button_small_padding": "4px 10px",
    "button_small_radius": "5px",
    "button_small_text_size": "12px",
    "button_transform_active": "none",
    "checkbox_label_padding": "4px 10px",
    "checkbox_label_text_size": "13px",
    "container_radius": "6px",
    "form_gap_width": "0px",
    "input_padding": "6px 8px",
    "input_radius": "6px",
    "input_shadow": "none",
    "input_text_size": "13px",
    "layout_gap": "12px",
    "section_header_text_size": "13px",
}


def lab_theme() -> Any:
    """The theme to hand to Gradio: system fonts, and the palette of the style sheet in light and dark alike."""
    from gradio.themes import Base

    theme = Base(text_size="sm", spacing_size="sm", radius_size="sm", font=SANS, font_mono=MONO)
    known = vars(theme)
    values = dict(PLAIN)
    for name, value in COLOURS.items():
        values[name] = value
        if f"{name}_dark" in known:
            values[f"{name}_dark"] = value
    return theme.set(**values)
