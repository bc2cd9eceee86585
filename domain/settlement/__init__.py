"""What a provider paid us at once: its movements are the payments', what is no movement is booked on its own stream."""
