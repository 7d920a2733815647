"""What a person sees: the Gradio app and the command line."""
