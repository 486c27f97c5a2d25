# Waits for somebody at the keyboard.
Read-Host -Prompt 'Which farm'
