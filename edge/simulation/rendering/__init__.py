"""The rendered shop: the world of a scenario as shelf cameras see it. Needs the extra `render` (moderngl, EGL)."""
