"""The lab's remoting host against what a real engine was measured to answer."""
